/* Plain calls on a file, which promise nothing about torn sectors. Variant `fdatasync`: each write is durable when it is over; variant `plain`: not. */
#include "workload.h"
#include <errno.h>
#include <string.h>
#include <unistd.h>

static int fd;
static int is_durable;
static size_t sector_bytes;

void storage_open(const struct storage *storage)
{
	fd = open_file(storage);
	is_durable = strcmp(storage->variant, "fdatasync") == 0;
	sector_bytes = storage->sector_bytes;
}

void storage_read(size_t lba, size_t count, void *target)
{
	size_t length = count * sector_bytes;
	if (pread(fd, target, length, (off_t)(lba * sector_bytes)) != (ssize_t)length)
		fail("pread", strerror(errno));
}

void storage_write(size_t lba, size_t count, const void *source)
{
	size_t length = count * sector_bytes;
	if (pwrite(fd, source, length, (off_t)(lba * sector_bytes)) != (ssize_t)length)
		fail("pwrite", strerror(errno));
	if (is_durable && fdatasync(fd) != 0)
		fail("fdatasync", strerror(errno));
}

void storage_close(void)
{
	close(fd);
}
