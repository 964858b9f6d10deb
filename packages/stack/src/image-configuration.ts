/** An image as a program may give it where it would write a URL: a tree of one level for each layer, and the storage at its end. */
export interface ImageConfiguration {
  /** Says which plugin opens this level; without the colon. */
  readonly scheme: string
  /** What the storage is called, as it is: nothing in it is encoded. Default: empty. A layer has none. */
  readonly path?: string | undefined
  /** Of this level and no other. What a URL would have as text may be what it stands for, a number say. */
  readonly parameters?: Readonly<Record<string, unknown>> | undefined
  /** What a layer lies over; a layer needs it, and nothing else has it. */
  readonly inner?: Image | undefined
}

/** How an image is named: by a path, a URL or a configuration. */
export type Image = string | ImageConfiguration
