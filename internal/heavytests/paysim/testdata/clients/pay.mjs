// What the scripts share: the simulator's address, a key, and the citizen.
export const address = process.env.PAY
export const key = 'api_test_clients0000000000000000'
export const returnURL = 'https://service.example.gov.uk/back'

export async function play (id, outcome) {
  const answer = await fetch(`${address}/control/payments/${id}/pay`, {
    method: 'POST', body: JSON.stringify({ outcome })
  })
  if (!answer.ok) throw new Error(`${outcome}: ${await answer.text()}`)
}
