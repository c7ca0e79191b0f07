export default function Confirmation () { return <h1>Application received</h1> }
