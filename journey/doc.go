// Package journey is the domain: what happens to a held request, in states, facts and rules. It knows nothing of HTTP
// handlers, databases or the API of GOV.UK Pay.
//
// A citizen's request arrives at a pay route and is held. The citizen pays at GOV.UK Pay. The held request is released
// to the service only once Pay confirms the payment. Three promises: nothing that was paid for is lost, nothing unpaid
// gets through, and at rest money and service agree.
//
// Two pure functions are the heart. [Journey.Apply] says what follows from a fact (transition.go; what Pay says about a
// payment is in snapshot.go). [Journey.Owed] says what must be done next (owed.go).
//
// [Runner] asks what is owed, does it and stores the fact, until nothing is owed now. It has four callers: the
// citizen's return, Pay's webhook, the mop-up, and staff. It reaches the outside through three interfaces: [Store],
// [Payments] and [Deliverer].
//
// The usual path is held → paying → confirmed → releasing → released. docs/reference/states.md, written from the tests,
// has all of it.
package journey
