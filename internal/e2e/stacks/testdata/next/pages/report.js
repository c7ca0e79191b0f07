import { record } from '../record'

export async function getServerSideProps ({ req, query }) {
  record('report', String(query.year || ''), req.headers['paygate-status'], req.headers['paygate-amount'])
  return { props: {} }
}

export default function Report () { return <p>the report</p> }
