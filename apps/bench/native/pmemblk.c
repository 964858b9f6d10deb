/* The peer that counts: a block of libpmemblk is written atomically, as a sector of a BTT is. It has no call for several blocks. */
#include "workload.h"
#include <libpmemblk.h>
#include <unistd.h>

static PMEMblkpool *pool;
static size_t block_bytes;

void storage_open(const struct storage *storage)
{
	block_bytes = storage->sector_bytes;
	pool = access(storage->path, F_OK) == 0
		? pmemblk_open(storage->path, block_bytes)
		: pmemblk_create(storage->path, block_bytes, storage->file_bytes, 0600);
	if (pool == NULL)
		fail(storage->path, pmemblk_errormsg());
	if (pmemblk_nblock(pool) < storage->sector_count)
		fail(storage->path, "the pool has too few blocks");
}

void storage_read(size_t lba, size_t count, void *target)
{
	for (size_t i = 0; i < count; i++)
		if (pmemblk_read(pool, (char *)target + i * block_bytes, (long long)(lba + i)) != 0)
			fail("pmemblk_read", pmemblk_errormsg());
}

void storage_write(size_t lba, size_t count, const void *source)
{
	for (size_t i = 0; i < count; i++)
		if (pmemblk_write(pool, (const char *)source + i * block_bytes, (long long)(lba + i)) != 0)
			fail("pmemblk_write", pmemblk_errormsg());
}

void storage_close(void)
{
	pmemblk_close(pool);
}
