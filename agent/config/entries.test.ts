import { expect, it } from 'vitest'
import { catalog } from '../catalog.ts'
import { CHANNELS, INTERCEPTORS, SELECTORS, SINKS, SINK_GROUPS, SOURCES } from './entries.ts'

it('has every type of the catalog', () => {
  expect(Object.keys(SOURCES)).toEqual(Object.keys(catalog.sources))
  expect(Object.keys(INTERCEPTORS)).toEqual(Object.keys(catalog.interceptors))
  expect(Object.keys(SELECTORS)).toEqual(Object.keys(catalog.selectors))
  expect(Object.keys(CHANNELS)).toEqual(Object.keys(catalog.channels))
  expect(Object.keys(SINKS)).toEqual(Object.keys(catalog.sinks))
  expect(Object.keys(SINK_GROUPS)).toEqual(Object.keys(catalog.sinkGroups))
})
