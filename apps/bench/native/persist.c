/*
 * What libpmem can do at best. Variant `once`: the data, stored and persisted in one. Variant `four-times`: besides, what a BTT has to store for one
 * sector, 8 and 8 and 4 bytes of flog and map, each persisted by itself.
 */
#include "workload.h"
#include <libpmem.h>
#include <string.h>

#define LINE_BYTES 64
#define FLOG_HALF_BYTES 8
#define MAP_ENTRY_BYTES 4
/* As many flog groups as there are lanes. */
#define FLOG_GROUPS 256

static char *bytes;
static size_t sector_bytes;
static char *flog;
static char *map;
static size_t next_group;

void storage_open(const struct storage *storage)
{
	bytes = map_file(storage);
	sector_bytes = storage->sector_bytes;
	if (strcmp(storage->variant, "four-times") == 0) {
		flog = bytes + storage->sector_count * sector_bytes;
		map = flog + FLOG_GROUPS * LINE_BYTES;
		if ((size_t)(map - bytes) + storage->sector_count * MAP_ENTRY_BYTES > storage->file_bytes)
			fail(storage->path, "too small for flog and map");
	}
}

void storage_read(size_t lba, size_t count, void *target)
{
	memcpy(target, bytes + lba * sector_bytes, count * sector_bytes);
}

static void persist_metadata(size_t lba)
{
	char *group = flog + next_group++ % FLOG_GROUPS * LINE_BYTES;
	uint64_t half = lba;
	uint32_t entry = (uint32_t)lba;
	pmem_memcpy_persist(group, &half, FLOG_HALF_BYTES);
	pmem_memcpy_persist(group + FLOG_HALF_BYTES, &half, FLOG_HALF_BYTES);
	pmem_memcpy_persist(map + lba * MAP_ENTRY_BYTES, &entry, MAP_ENTRY_BYTES);
}

void storage_write(size_t lba, size_t count, const void *source)
{
	pmem_memcpy_persist(bytes + lba * sector_bytes, source, count * sector_bytes);
	if (flog != NULL)
		for (size_t i = 0; i < count; i++)
			persist_metadata(lba + i);
}

void storage_close(void)
{
}
