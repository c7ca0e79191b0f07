// Package journey is what happens to a held request: states, facts and rules, and nothing of any technology.
//
// A citizen's request hits a pay route. It is held, the citizen pays at GOV.UK Pay, and only once Pay confirms is the
// held request released to the service. Three promises carry everything: nothing paid is ever lost, nothing unpaid ever
// gets through, and at rest money and service agree.
//
// Two pure functions are the heart. [Journey.Apply] says what follows from a fact (transition.go; what Pay says about a
// payment is in snapshot.go). [Journey.Owed] says what must be done next (owed.go). Neither touches anything.
//
// [Runner] does: it asks what is owed, does it, stores the fact, until nothing is owed now (runner.go; the single steps
// are in steps.go). Four doors lead to it: the citizen coming back, Pay's webhook, the mop-up, and staff.
// It reaches the world through three interfaces, [Store], [Payments] and [Deliverer].
//
// The usual way is held → paying → confirmed → releasing → released. docs/states.md, written from the tests, has all of it.
package journey
