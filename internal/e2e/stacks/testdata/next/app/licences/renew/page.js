import { redirect } from 'next/navigation'
import { ran } from '../../../lib'

async function renew (form) {
  'use server'
  if (form.get('action') !== 'pay') return
  await ran('renew', 'pay')
  redirect('/licences/confirmation')
}

export default function Renew () {
  return <form action={renew}><button name='action' value='save'>Save</button><button name='action' value='pay'>Pay</button></form>
}
