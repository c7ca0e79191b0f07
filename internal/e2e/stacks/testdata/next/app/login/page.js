import { cookies } from 'next/headers'
import { redirect } from 'next/navigation'

async function signIn (form) {
  'use server'
  const jar = await cookies()
  jar.set('user', form.get('name'))
  redirect('/licences/apply')
}

export default function Login () {
  return <form action={signIn}><input name='name' /></form>
}
