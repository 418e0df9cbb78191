import { describe, expect, it } from 'vitest'
import { addAgentAddress, addPort } from './bindings.ts'

describe('addAgentAddress', () => {
  it('takes the addresses of several agents, and more of one', () => {
    const one = addAgentAddress('hub=10.0.0.7:4141,[::1]:4142')
    const two = addAgentAddress('store=db.example:9000', one)
    expect([...addAgentAddress('hub=10.0.0.8:4141,10.0.0.7:4141', two)]).toEqual([
      ['hub', ['10.0.0.7:4141', '[::1]:4142', '10.0.0.8:4141']],
      ['store', ['db.example:9000']],
    ])
  })

  it.each(['hub', '=a:1', 'Hub=a:1', 'hub=a', 'hub=a:0', 'hub=:4141', 'hub=a:1,', 'hub=a:99999'])(
    'refuses %s',
    (text) => expect(() => addAgentAddress(text)).toThrow(/Expected NAME=HOST:PORT/),
  )

  it('takes an agent that has no replica', () => {
    expect([...addAgentAddress('hub=')]).toEqual([['hub', []]])
  })

  it('is bounded', () => {
    const many = Array.from({ length: 101 }, (_, i) => `h${i}:1`).join(',')
    expect(() => addAgentAddress(`hub=${many}`)).toThrow('at most 100')
  })
})

describe('addPort', () => {
  it('takes the ports of several sources, the last one given for each', () => {
    const ports = addPort('web/in=0', addPort('web/in=4142', addPort('web/http=8080')))
    expect([...ports]).toEqual([
      ['web/http', 8080],
      ['web/in', 0],
    ])
  })

  it.each(['in=4142', 'web/in', 'web/in=', 'web/in=x', 'web/in=65536', 'web/in/x=1', 'Web/in=1'])(
    'refuses %s',
    (text) => expect(() => addPort(text)).toThrow(/Expected FLOW\/SOURCE=PORT/),
  )
})
