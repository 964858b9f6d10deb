/* What a peer has to offer to be measured: workload.c does all else. */
#ifndef WORKLOAD_H
#define WORKLOAD_H

#include <stddef.h>
#include <stdint.h>

/* The shape of the storage. */
struct storage {
	const char *path;
	/* Bytes of the file; it is made where there is none. */
	size_t file_bytes;
	size_t sector_bytes;
	size_t sector_count;
	/* Tells apart the variants of one peer. */
	const char *variant;
};

/* Each ends the program where it fails. Several threads may read and write at once. */
void storage_open(const struct storage *storage);
void storage_read(size_t lba, size_t count, void *target);
void storage_write(size_t lba, size_t count, const void *source);
void storage_close(void);

/* Prints one line on standard error, and ends the program. */
_Noreturn void fail(const char *what, const char *why);

/* Maps a whole file for reading and writing, and makes it first where there is none. */
void *map_file(const struct storage *storage);

/* Opens a file for reading and writing, and makes it of its full size where there is none. */
int open_file(const struct storage *storage);

#endif
