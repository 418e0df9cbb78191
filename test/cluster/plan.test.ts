import { expect, test } from 'vitest'
import { SeededRandom } from '../sim/random.ts'
import { planFaults } from './plan.ts'

const SEEDS = 200

test('a seed repeats its plan; another one is another', () => {
  expect(planFaults(new SeededRandom(1))).toEqual(planFaults(new SeededRandom(1)))
  expect(planFaults(new SeededRandom(1))).not.toEqual(planFaults(new SeededRandom(2)))
})

test('the operator is deleted five times, a node is off for four faults', () => {
  for (let seed = 0; seed < SEEDS; seed++) {
    const faults = planFaults(new SeededRandom(seed)).map(({ fault }) => fault)
    expect(faults.filter((each) => each === 'delete a pod of the operator')).toHaveLength(5)
    expect(faults.filter((each) => each === 'roll the image')).toHaveLength(1)
    const off = faults.indexOf('take the power from a node')
    expect(faults.indexOf('give the power back')).toBe(off + 5)
  }
})
