import { describeChannel } from '../../../test/conformance/channel-suite.ts'
import { openChannel } from './channel.ts'
import { memoryChannelSchema } from './config.ts'

describeChannel('the memory channel', {
  open: (context, capacity) => openChannel(memoryChannelSchema.parse({ capacity }), context),
  durable: false,
})
