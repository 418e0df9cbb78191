import type { ComponentContext } from './context.ts'

export interface ChannelContext extends ComponentContext {
  /** The channel's own directory; made when it does not exist. */
  readonly directory: string
}
