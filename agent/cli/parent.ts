import { fstatSync } from 'node:fs'
import { Socket } from 'node:net'

/**
 * Calls `gone` once when the process at the other end of a pipe has ended: of `descriptor`, which was
 * inherited from it and which nobody writes to. The kernel closes that end whatever way the process
 * ended, SIGKILL included, so no process is left behind that nobody supervises.
 *
 * Throws where the descriptor is no pipe.
 */
export function watchParent(descriptor: number, gone: () => void): void {
  const stat = fstatSync(descriptor)
  if (!stat.isFIFO() && !stat.isSocket()) throw new Error('it is not a pipe')
  const pipe = new Socket({ fd: descriptor, readable: true, writable: false })
  // An error is an end too: a pipe that cannot be read says nothing of the parent any more.
  pipe.on('error', () => pipe.destroy())
  pipe.once('close', gone)
  pipe.resume()
  // Alone it does not keep the process running.
  pipe.unref()
}
