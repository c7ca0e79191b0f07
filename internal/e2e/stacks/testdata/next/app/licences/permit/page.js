import { redirect } from 'next/navigation'
import { ran } from '../../../lib'

async function permit (form) {
  'use server'
  const licence = form.get('licence')
  if (licence !== '1-day' && licence !== '8-day') redirect('/licences/permit')
  await ran('permit', licence)
  redirect('/licences/confirmation')
}

export default function Permit () {
  return <form action={permit}><select name='licence'><option>1-day</option><option>8-day</option></select></form>
}
