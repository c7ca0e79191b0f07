import { redirect } from 'next/navigation'
import { ran, user } from '../../../lib'

async function apply (form) {
  'use server'
  if (!await user()) redirect('/login?next=/licences/apply')
  if (!/^[^@]+@[^@]+$/.test(form.get('email'))) redirect('/licences/apply?error=email')
  await ran('apply', form.get('name'))
  redirect('/licences/confirmation')
}

export default async function Apply ({ searchParams }) {
  if (!await user()) redirect('/login?next=/licences/apply')
  const { error } = await searchParams
  return <form action={apply}><p>{error && 'Enter an e-mail address'}</p><input name='name' /><input name='email' /></form>
}
