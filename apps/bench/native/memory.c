/* What the memory of the machine can do at best: one copy. */
#include "workload.h"
#include <string.h>

static char *bytes;
static size_t sector_bytes;

void storage_open(const struct storage *storage)
{
	bytes = map_file(storage);
	sector_bytes = storage->sector_bytes;
}

void storage_read(size_t lba, size_t count, void *target)
{
	memcpy(target, bytes + lba * sector_bytes, count * sector_bytes);
}

void storage_write(size_t lba, size_t count, const void *source)
{
	memcpy(bytes + lba * sector_bytes, source, count * sector_bytes);
}

void storage_close(void)
{
}
