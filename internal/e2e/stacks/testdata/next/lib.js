import fs from 'fs'
import { cookies, headers } from 'next/headers'
import { record } from './record'

export async function ran (code, value) {
  const seen = await headers()
  record(code, value, seen.get('Paygate-Status'), seen.get('Paygate-Amount'))
}

export async function user () {
  if (fs.existsSync(process.env.SITE + '/expired')) return undefined
  return (await cookies()).get('user')?.value
}
