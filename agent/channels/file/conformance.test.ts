import { describeChannel } from '../../../test/conformance/channel-suite.ts'
import { openChannel } from './channel.ts'
import { fileChannelSchema } from './config.ts'

describeChannel('the file channel', {
  open: (context, capacityEvents) =>
    openChannel(fileChannelSchema.parse({ capacity: '8Mi', capacityEvents }), context),
  durable: true,
})
