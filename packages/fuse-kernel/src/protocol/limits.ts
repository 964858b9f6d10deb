/** Bytes of data in one READ or WRITE. INIT announces it for writes, the mount option `max_read` for reads. */
export const MAX_TRANSFER_BYTES = 1 << 20

/** Room for headers in front of the data, in requests and in replies: a page, so that the data of a READ is aligned. */
export const HEADER_ROOM_BYTES = 4096
