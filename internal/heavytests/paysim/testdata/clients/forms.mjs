// The client of Defra's forms (@defra/forms-engine-plugin): it delays captures.
import assert from 'node:assert/strict'
import { key, play, returnURL } from './pay.mjs'

const engine = new URL('node_modules/@defra/forms-engine-plugin/.server/server/', import.meta.url)
const { PaymentService } = await import(new URL('plugins/payment/service.js', engine))
const service = new PaymentService(key)

const create = (email) => service.createPayment(2500, 'Fishing licence', returnURL, 'LIC-1', false,
  { formId: '65f1', slug: 'licence' }, email)
const { paymentId, paymentUrl } = await create('ann@example.org')
assert.match(paymentUrl, /\/secure\//)
assert.equal((await service.getPaymentStatus(paymentId)).state.status, 'created')

await play(paymentId, 'success')
const paid = await service.getPaymentStatus(paymentId)
assert.equal(paid.state.status, 'capturable')
assert.equal(paid.amount, 2500)
assert.equal(paid.email, 'ann@example.org')
assert.equal(await service.capturePayment(paymentId, 2500), true)
assert.equal((await service.getPaymentStatus(paymentId)).state.status, 'success')

const other = await create(undefined)
await play(other.paymentId, 'declined')
assert.equal((await service.getPaymentStatus(other.paymentId)).state.code, 'P0010')
process.exit() // the engine has timers that would go on
