export { mountCommand } from './mount-command.ts'
export { mountImage, MountedImage, type MountImageOptions } from './mount-image.ts'
export { unmountCommand } from './unmount-command.ts'
export { STOP_SIGNALS, unmountOnSignals } from './unmount-on-signals.ts'
