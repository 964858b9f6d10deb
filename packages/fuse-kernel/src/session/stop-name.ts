/**
 * Looking up a name with this prefix in a mount stops a loop that serves it, if the rest of the name is the loop's token:
 * see `stop-flag.ts`. There is no such file.
 */
export const STOP_NAME_PREFIX = '.stop-serving-'
