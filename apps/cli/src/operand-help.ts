/** What the help says of operands that several commands have. */
export const IMAGE_HELP = 'file, block device or URL of the image'
