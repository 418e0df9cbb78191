import { notReadyReasons } from './readiness.ts'
import type { AdminView } from './view.ts'

export interface Answer {
  readonly status: number
  readonly contentType: string
  readonly body: string
}

type Route = (view: AdminView) => Answer | Promise<Answer>

const ROUTES: Readonly<Record<string, Route>> = {
  '/livez': (view) =>
    view.live()
      ? json(200, { live: true })
      : json(503, { live: false, reasons: ['a part of the agent makes no progress'] }),

  '/readyz': (view) =>
    view.ready()
      ? json(200, { ready: true })
      : json(503, { ready: false, reasons: notReadyReasons(view.status()) }),

  '/metrics': async (view) => {
    const { contentType, text } = await view.metrics()
    return { status: 200, contentType, body: text }
  },

  '/status': (view) => json(200, view.status()),
}

/** The answer to a request: a route's, or what is wrong with the request and what would be right. */
export async function answer(
  method: string | undefined,
  url: string | undefined,
  view: AdminView,
): Promise<Answer> {
  if (method !== 'GET' && method !== 'HEAD') {
    return json(405, { error: 'only GET and HEAD are answered here' })
  }
  const path = (url ?? '/').split('?', 1)[0]!
  const route = Object.hasOwn(ROUTES, path) ? ROUTES[path] : undefined
  if (route === undefined) {
    return json(404, { error: 'no such path', paths: Object.keys(ROUTES) })
  }
  return route(view)
}

function json(status: number, value: unknown): Answer {
  return { status, contentType: 'application/json', body: `${JSON.stringify(value)}\n` }
}
