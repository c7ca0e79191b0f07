// The client of the rod licensing services (@defra-fish/connectors-lib).
import assert from 'node:assert/strict'
import { address, key, play, returnURL } from './pay.mjs'
import * as pay from '@defra-fish/connectors-lib/src/govuk-pay-api.js'

Object.assign(process.env, {
  GOV_PAY_API_URL: `${address}/v1/payments`, GOV_PAY_HEALTH_CHECK_URL: `${address}/healthcheck`, GOV_PAY_APIKEY: key
})

assert.equal((await pay.isGovPayUp()).status, 200)

const made = await pay.createPayment({
  amount: 3580, reference: '4f8ed73c-6f8e-4d2a-9e0a-5b6f3a1c2d3e', description: 'Rod fishing licence',
  return_url: returnURL, email: 'ann@example.org', delayed_capture: false, moto: false, language: 'en',
  prefilled_cardholder_details: {
    cardholder_name: 'Ann Angler',
    billing_address: { line1: '1 Quay', line2: null, city: 'Rivermouth', postcode: 'RM1 1AA', country: 'GB' }
  }
})
assert.equal(made.status, 201, await made.clone().text())
const payment = await made.json()
assert.match(payment._links.next_url.href, /\/secure\//)

await play(payment.payment_id, 'success')
const { state } = await (await pay.fetchPaymentStatus(payment.payment_id)).json()
assert.deepEqual(state, { status: 'success', finished: true })
const { events } = await (await pay.fetchPaymentEvents(payment.payment_id)).json()
assert.deepEqual(events.map(e => e.state.status), ['created', 'started', 'submitted', 'success'])

assert.equal((await pay.fetchPaymentStatus('00000000000000000000000000')).status, 404)
