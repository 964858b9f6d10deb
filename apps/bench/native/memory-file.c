/* A file system of one file that is a piece of memory, by the low-level interface of libfuse in one thread: about what FUSE can do at best. */
#define FUSE_USE_VERSION 34
#include <errno.h>
#include <fuse_lowlevel.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define FILE_NAME "disk"
#define FILE_INODE 2
#define MOST_WRITE_BYTES (1u << 20)
/* Seconds for which the kernel need not ask again. */
#define VALID_SECONDS 3600.0

static char *bytes;
static size_t file_bytes;

static int describe(fuse_ino_t inode, struct stat *attributes)
{
	memset(attributes, 0, sizeof(*attributes));
	attributes->st_ino = inode;
	attributes->st_nlink = inode == FUSE_ROOT_ID ? 2 : 1;
	attributes->st_mode = inode == FUSE_ROOT_ID ? S_IFDIR | 0755 : S_IFREG | 0600;
	attributes->st_size = inode == FILE_INODE ? (off_t)file_bytes : 0;
	return inode == FUSE_ROOT_ID || inode == FILE_INODE;
}

static void on_init(void *data, struct fuse_conn_info *connection)
{
	(void)data;
	connection->max_write = MOST_WRITE_BYTES;
}

static void on_lookup(fuse_req_t request, fuse_ino_t parent, const char *name)
{
	if (parent != FUSE_ROOT_ID || strcmp(name, FILE_NAME) != 0) {
		fuse_reply_err(request, ENOENT);
		return;
	}
	struct fuse_entry_param entry = { .ino = FILE_INODE, .attr_timeout = VALID_SECONDS, .entry_timeout = VALID_SECONDS };
	describe(FILE_INODE, &entry.attr);
	fuse_reply_entry(request, &entry);
}

static void on_getattr(fuse_req_t request, fuse_ino_t inode, struct fuse_file_info *file)
{
	(void)file;
	struct stat attributes;
	if (describe(inode, &attributes))
		fuse_reply_attr(request, &attributes, VALID_SECONDS);
	else
		fuse_reply_err(request, ENOENT);
}

/* Its size stays what it is, as that of a disk. */
static void on_setattr(fuse_req_t request, fuse_ino_t inode, struct stat *wanted, int which, struct fuse_file_info *file)
{
	(void)wanted;
	(void)which;
	on_getattr(request, inode, file);
}

static void on_open(fuse_req_t request, fuse_ino_t inode, struct fuse_file_info *file)
{
	if (inode == FILE_INODE)
		fuse_reply_open(request, file);
	else
		fuse_reply_err(request, EISDIR);
}

static size_t bytes_from(off_t offset, size_t wanted)
{
	if (offset < 0 || (size_t)offset >= file_bytes)
		return 0;
	size_t left = file_bytes - (size_t)offset;
	return wanted < left ? wanted : left;
}

static void on_read(fuse_req_t request, fuse_ino_t inode, size_t size, off_t offset, struct fuse_file_info *file)
{
	(void)inode;
	(void)file;
	size_t length = bytes_from(offset, size);
	fuse_reply_buf(request, length == 0 ? NULL : bytes + offset, length);
}

static void on_write(fuse_req_t request, fuse_ino_t inode, const char *source, size_t size, off_t offset, struct fuse_file_info *file)
{
	(void)inode;
	(void)file;
	size_t length = bytes_from(offset, size);
	if (length == 0) {
		fuse_reply_err(request, ENOSPC);
		return;
	}
	memcpy(bytes + offset, source, length);
	fuse_reply_write(request, length);
}

static void on_fsync(fuse_req_t request, fuse_ino_t inode, int datasync, struct fuse_file_info *file)
{
	(void)inode;
	(void)datasync;
	(void)file;
	fuse_reply_err(request, 0);
}

static const struct fuse_lowlevel_ops operations = {
	.init = on_init,
	.lookup = on_lookup,
	.getattr = on_getattr,
	.setattr = on_setattr,
	.open = on_open,
	.read = on_read,
	.write = on_write,
	.fsync = on_fsync,
};

static int serve(const char *mount_point)
{
	char *names[] = { "memory-file" };
	struct fuse_args args = FUSE_ARGS_INIT(1, names);
	struct fuse_session *session = fuse_session_new(&args, &operations, sizeof(operations), NULL);
	if (session == NULL)
		return 1;
	int status = 1;
	if (fuse_set_signal_handlers(session) == 0) {
		if (fuse_session_mount(session, mount_point) == 0) {
			status = fuse_session_loop(session) == 0 ? 0 : 1;
			fuse_session_unmount(session);
		}
		fuse_remove_signal_handlers(session);
	}
	fuse_session_destroy(session);
	return status;
}

int main(int argc, char **argv)
{
	if (argc != 3) {
		fprintf(stderr, "usage: %s MOUNTPOINT BYTES\n", argv[0]);
		return 2;
	}
	file_bytes = strtoull(argv[2], NULL, 10);
	bytes = mmap(NULL, file_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (bytes == MAP_FAILED) {
		perror("memory");
		return 1;
	}
	return serve(argv[1]);
}
