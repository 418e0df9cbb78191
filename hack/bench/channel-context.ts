import type { ChannelContext } from '../../agent/core/channel-context.ts'
import type { Logger } from '../../agent/core/logger.ts'
import { systemClock } from '../../agent/lib/clock.ts'
import type { Disk } from '../../agent/lib/disk.ts'
import { systemRandom } from '../../agent/lib/random.ts'

/** Warnings would mean that the benchmark does not measure what it says. */
const log: Logger = {
  debug: () => {},
  info: () => {},
  warn: (fields, message) => fail(message, fields),
  error: (fields, message) => fail(message, fields),
  child: () => log,
}

function fail(message: string, fields: object): never {
  throw new Error(`the channel says: ${message} ${JSON.stringify(fields)}`)
}

/** For opening a file channel without an agent around it. */
export function channelContext(directory: string, disk: Disk): ChannelContext {
  return {
    name: 'disk',
    flow: 'bench',
    directory,
    disk,
    log,
    clock: systemClock,
    random: systemRandom,
  }
}
