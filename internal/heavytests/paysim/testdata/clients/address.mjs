// Loaded before a client: puts the simulator's address in place of GOV.UK Pay's in the code that is loaded.
import { register } from 'node:module'

const hook = `
export async function load(url, context, next) {
  const loaded = await next(url, context)
  if (loaded.format === 'module' && loaded.source) {
    loaded.source = loaded.source.toString().replaceAll('https://publicapi.payments.service.gov.uk', process.env.PAY)
  }
  return loaded
}`
register('data:text/javascript,' + encodeURIComponent(hook))
