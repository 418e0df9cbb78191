import type { z } from 'zod'
import { catalog } from '../catalog.ts'
import type {
  ChannelEntry,
  InterceptorEntry,
  SelectorEntry,
  SinkEntry,
  SinkGroupEntry,
  SourceEntry,
} from '../core/component.ts'

/*
 * The catalog by type, without the types of the configurations: what is asked here is answered with
 * a configuration that the schema of the same entry has parsed.
 */

type Entries<Entry> = Readonly<Record<string, Entry>>

export const SOURCES = catalog.sources as unknown as Entries<SourceEntry<z.ZodType>>
export const INTERCEPTORS = catalog.interceptors as unknown as Entries<InterceptorEntry<z.ZodType>>
export const SELECTORS = catalog.selectors as unknown as Entries<SelectorEntry<z.ZodType>>
export const CHANNELS = catalog.channels as unknown as Entries<ChannelEntry<z.ZodType>>
export const SINKS = catalog.sinks as unknown as Entries<SinkEntry<z.ZodType>>
export const SINK_GROUPS = catalog.sinkGroups as unknown as Entries<SinkGroupEntry<z.ZodType>>
