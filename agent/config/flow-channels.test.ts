import { expect, it } from 'vitest'
import { draftFlow } from './draft.ts'
import { channelNames, fedByDefault } from './flow-channels.ts'
import { parseYaml } from './yaml.ts'

const namesOf = (spec: string) => channelNames(draftFlow(parseYaml(`spec: ${spec}`).documents[0]!))

it('knows the names of the channels, or that one is missing', () => {
  expect(namesOf('{}')).toEqual(['default'])
  expect(namesOf('{ channels: [{ name: a }, { name: b }] }')).toEqual(['a', 'b'])
  expect(namesOf('{ channels: [{ name: a }, {}] }')).toBeUndefined()
  expect(namesOf('{ channels: [] }')).toBeUndefined()
})

it('does not feed the dead-letter channel by default', () => {
  expect(fedByDefault(['a', 'b'], undefined)).toEqual(['a', 'b'])
  expect(fedByDefault(['a', 'b'], 'b')).toEqual(['a'])
})
