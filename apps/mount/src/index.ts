export { mountCommand } from './mount-command.ts'
export { mountImage, MountedImage, type MountImageOptions } from './mount-image.ts'
export { unmountCommand } from './unmount-command.ts'
export { unmountOnSignals } from './unmount-on-signals.ts'
