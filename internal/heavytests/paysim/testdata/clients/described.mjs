// A client made from GOV.UK Pay's description of its API (openapi-client-axios), with axios' own headers.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { OpenAPIClientAxios } from 'openapi-client-axios'
import { address, key, play, returnURL } from './pay.mjs'

const definition = JSON.parse(readFileSync(process.env.DESCRIPTION, 'utf8'))
definition.servers = [{ url: address }]
const pay = await new OpenAPIClientAxios({
  definition, axiosConfigDefaults: { headers: { Authorization: `Bearer ${key}` } }
}).init()

const create = async (more) => {
  const { data } = await pay['Create a payment'](null, {
    amount: 2500, reference: 'LIC-1', description: 'Fishing licence', return_url: returnURL, ...more
  })
  return data.payment_id
}
const get = async (paymentId) => (await pay['Get a payment']({ paymentId })).data

const open = await create({ email: null, set_up_agreement: null, prefilled_cardholder_details: null })
assert.equal((await pay['Cancel a payment']({ paymentId: open })).status, 204)
assert.equal((await get(open)).state.code, 'P0040')

const held = await create({ delayed_capture: true, metadata: { ledger: 4711 } })
await play(held, 'success')
assert.equal((await get(held)).state.status, 'capturable')
assert.equal((await pay['Capture a payment']({ paymentId: held })).status, 204)

const refund = { amount: 500, refund_amount_available: 2500 }
const { data: made } = await pay['Submit a refund for a payment']({ paymentId: held }, refund)
assert.equal(made.amount, 500)
const one = await pay['Get a payment refund']({ paymentId: held, refundId: made.refund_id })
assert.equal(one.data.refund_id, made.refund_id)
const all = await pay['Get all refunds for a payment']({ paymentId: held })
assert.equal(all.data._embedded.refunds.length, 1)
const found = await pay['Search refunds']({ page: 1, display_size: 10 })
assert.equal(found.data.results[0].payment_id, held)

const wanted = { reference: 'LIC-1', state: 'success', from_date: '2015-08-13T12:35:00Z' }
const payments = await pay['Search payments'](wanted)
assert.deepEqual(payments.data.results.map(p => p.payment_id), [held])
const events = await pay['Get events for a payment']({ paymentId: held })
assert.equal(events.data.events[0].state.status, 'created')

await assert.rejects(create({ amount: -1 }), (e) => e.response.status === 422 && e.response.data.code === 'P0102')
