export default function Home () { return <h1>Fishing licences</h1> }
