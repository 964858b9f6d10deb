/*
 * The work that is measured, for peers in C: the same sectors in the same order, from the same buffers, with the same looks at what was read, as
 * src/workload/ of btt-bench has them for bttkit. It is told on standard input what to do, one command a line:
 *
 *   fill        writes every sector, generation 0; answers `filled`
 *   run COUNT   lets each thread do so many units; answers with the nanoseconds from the first beginning to the last end
 *
 * and ends, closing the storage, when there is no further line.
 */
#define _GNU_SOURCE
#include "workload.h"
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* The body of a sector counts in steps of this. */
#define BODY_STEP 0x9e3779b1u

struct work {
	struct storage storage;
	int is_write;
	/* What one position of the sequence stands for, and how many sectors of that go into one call. */
	size_t unit_sectors;
	size_t call_sectors;
	size_t threads;
	/* Random numbers of 32 bits: where to go. */
	const uint32_t *sequence;
	size_t sequence_length;
};

struct stream {
	const struct work *work;
	pthread_barrier_t *start;
	size_t number;
	/* How many units it has done since the beginning, and how many it shall do now. */
	uint32_t done;
	uint32_t count;
	uint32_t *buffer;
	uint64_t start_ns;
	uint64_t end_ns;
};

void fail(const char *what, const char *why)
{
	fprintf(stderr, "%s: %s\n", what, why);
	exit(1);
}

int open_file(const struct storage *storage)
{
	int fd = open(storage->path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	struct stat found;
	if (fd < 0 || fstat(fd, &found) != 0)
		fail(storage->path, strerror(errno));
	if (found.st_size == 0) {
		int error = posix_fallocate(fd, 0, (off_t)storage->file_bytes);
		if (error != 0)
			fail(storage->path, strerror(error));
	} else if ((size_t)found.st_size != storage->file_bytes)
		fail(storage->path, "the file has another size");
	return fd;
}

void *map_file(const struct storage *storage)
{
	int fd = open_file(storage);
	void *bytes = mmap(NULL, storage->file_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (bytes == MAP_FAILED)
		fail(storage->path, strerror(errno));
	close(fd);
	return bytes;
}

static uint64_t now_ns(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static size_t words_of(const struct work *work)
{
	return work->storage.sector_bytes / sizeof(uint32_t);
}

/* A buffer for a unit; what is the same in all sectors is in it from the start. */
static uint32_t *make_buffer(const struct work *work)
{
	size_t words = words_of(work);
	uint32_t *buffer = malloc(work->unit_sectors * work->storage.sector_bytes);
	if (buffer == NULL)
		fail("buffer", strerror(errno));
	for (size_t i = 0; i < work->unit_sectors * words; i++)
		buffer[i] = (uint32_t)(i % words) * BODY_STEP;
	return buffer;
}

static void stamp(const struct work *work, uint32_t *buffer, size_t lba, uint32_t generation)
{
	size_t words = words_of(work);
	for (size_t i = 0; i < work->unit_sectors; i++) {
		uint32_t *sector = buffer + i * words;
		sector[0] = (uint32_t)(lba + i);
		sector[1] = generation;
		sector[words - 1] = ~generation;
	}
}

static void check_ends(const struct work *work, const uint32_t *buffer, size_t lba)
{
	size_t words = words_of(work);
	for (size_t i = 0; i < work->unit_sectors; i++) {
		const uint32_t *sector = buffer + i * words;
		if (sector[0] != (uint32_t)(lba + i) || sector[words - 1] != ~sector[1])
			fail(work->storage.path, "a sector was read that is not the one asked for");
	}
}

static void transfer(const struct work *work, uint32_t *buffer, size_t lba)
{
	size_t words = words_of(work);
	for (size_t i = 0; i < work->unit_sectors; i += work->call_sectors) {
		if (work->is_write)
			storage_write(lba + i, work->call_sectors, buffer + i * words);
		else
			storage_read(lba + i, work->call_sectors, buffer + i * words);
	}
}

/* The first sector of the unit that a stream does as its `done`th. Each stream has units of its own. */
static size_t place_of(const struct stream *stream)
{
	const struct work *work = stream->work;
	size_t length = work->sequence_length;
	size_t groups = work->storage.sector_count / work->unit_sectors / work->threads;
	size_t at = (stream->done + stream->number * (length / work->threads)) % length;
	size_t group = (size_t)(((uint64_t)work->sequence[at] * groups) >> 32);
	return (group * work->threads + stream->number) * work->unit_sectors;
}

static void *run_stream(void *argument)
{
	struct stream *stream = argument;
	const struct work *work = stream->work;
	pthread_barrier_wait(stream->start);
	stream->start_ns = now_ns();
	for (uint32_t i = 0; i < stream->count; i++) {
		size_t lba = place_of(stream);
		stream->done++;
		if (work->is_write)
			stamp(work, stream->buffer, lba, stream->done);
		transfer(work, stream->buffer, lba);
		if (!work->is_write)
			check_ends(work, stream->buffer, lba);
	}
	stream->end_ns = now_ns();
	return NULL;
}

static uint64_t run(const struct work *work, struct stream *streams, uint32_t count)
{
	pthread_barrier_t start;
	pthread_t threads[work->threads];
	pthread_barrier_init(&start, NULL, (unsigned)work->threads);
	for (size_t i = 0; i < work->threads; i++) {
		streams[i].start = &start;
		streams[i].count = count;
		if (i > 0 && pthread_create(&threads[i], NULL, run_stream, &streams[i]) != 0)
			fail("thread", strerror(errno));
	}
	run_stream(&streams[0]);
	uint64_t start_ns = streams[0].start_ns;
	uint64_t end_ns = streams[0].end_ns;
	for (size_t i = 1; i < work->threads; i++) {
		pthread_join(threads[i], NULL);
		if (streams[i].start_ns < start_ns)
			start_ns = streams[i].start_ns;
		if (streams[i].end_ns > end_ns)
			end_ns = streams[i].end_ns;
	}
	pthread_barrier_destroy(&start);
	return end_ns - start_ns;
}

static void fill(const struct work *work)
{
	uint32_t *buffer = make_buffer(work);
	for (size_t lba = 0; lba < work->storage.sector_count; lba += work->unit_sectors) {
		stamp(work, buffer, lba, 0);
		for (size_t i = 0; i < work->unit_sectors; i += work->call_sectors)
			storage_write(lba + i, work->call_sectors, buffer + i * words_of(work));
	}
	free(buffer);
}

static size_t number(const char *text)
{
	char *end;
	errno = 0;
	unsigned long long value = strtoull(text, &end, 10);
	if (errno != 0 || end == text || *end != '\0')
		fail(text, "not a number");
	return (size_t)value;
}

static const uint32_t *load_sequence(const char *path, size_t *length)
{
	struct stat found;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &found) != 0)
		fail(path, strerror(errno));
	*length = (size_t)found.st_size / sizeof(uint32_t);
	uint32_t *sequence = malloc((size_t)found.st_size);
	if (sequence == NULL || read(fd, sequence, (size_t)found.st_size) != found.st_size)
		fail(path, "the sequence cannot be read");
	close(fd);
	return sequence;
}

static void serve(const struct work *work)
{
	struct stream streams[work->threads];
	for (size_t i = 0; i < work->threads; i++)
		streams[i] = (struct stream){ .work = work, .number = i, .buffer = make_buffer(work) };
	char line[64];
	while (fgets(line, sizeof(line), stdin) != NULL) {
		unsigned count;
		if (strcmp(line, "fill\n") == 0) {
			fill(work);
			puts("filled");
		} else if (sscanf(line, "run %u", &count) == 1)
			printf("%llu\n", (unsigned long long)run(work, streams, count));
		else
			fail(line, "no such command");
		fflush(stdout);
	}
	for (size_t i = 0; i < work->threads; i++)
		free(streams[i].buffer);
}

int main(int argc, char **argv)
{
	if (argc != 11)
		fail(argv[0], "VARIANT PATH FILE_BYTES SECTOR_BYTES SECTORS read|write UNIT_SECTORS CALL_SECTORS THREADS SEQUENCE");
	struct work work = {
		.storage = {
			.variant = argv[1],
			.path = argv[2],
			.file_bytes = number(argv[3]),
			.sector_bytes = number(argv[4]),
			.sector_count = number(argv[5]),
		},
		.is_write = strcmp(argv[6], "write") == 0,
		.unit_sectors = number(argv[7]),
		.call_sectors = number(argv[8]),
		.threads = number(argv[9]),
	};
	work.sequence = load_sequence(argv[10], &work.sequence_length);
	storage_open(&work.storage);
	serve(&work);
	storage_close();
	return 0;
}
