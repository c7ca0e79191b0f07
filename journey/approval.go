package journey

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// approvalFor is how long an order waits for a second person.
const approvalFor = 7 * 24 * time.Hour

var (
	// ErrSecondPerson means that an order gives back so much that a second person has to agree. It waits for them.
	ErrSecondPerson = errors.New("a second person has to agree")
	// ErrSamePerson means that the person who asked is the one who agrees.
	ErrSamePerson = errors.New("the person who asked cannot agree; it has to be another")
	// ErrNoApproval means that no order waits for a second person.
	ErrNoApproval = errors.New("nothing waits for a second person")
	// ErrOtherApproval means that another order waits than the one that the person agrees to.
	ErrOtherApproval = errors.New("another order waits for a second person than the one you agree to; read it first")
	// ErrApproval means that an order waits already.
	ErrApproval = errors.New("another order waits for a second person; approve, reject or withdraw it first")
)

// The orders that give money back.
const (
	OrderRefund = "refund"
	OrderSettle = "settle"
	OrderReturn = "return"
)

// Order is what a member of staff wants to be done.
type Order struct {
	What   string `json:"what"`
	Amount int64  `json:"amount"`       // pence that the citizen gets
	As     State  `json:"as,omitempty"` // to settle
	Reason string `json:"reason"`
}

// Person is a member of staff who gives an order.
type Person struct {
	Name string // as the history shows it, which the person may be able to change
	// ID is what the person cannot change, such as a subject and its issuer: one identity on each line. It may be
	// empty.
	ID string
}

// By returns the person as the history names them.
func (p Person) By() By { return ByStaff(p.Name) }

// Approval is an order that waits for a second person. It is the zero value if none waits.
type Approval struct {
	Order
	By     By        `json:"by"`
	Person string    `json:"person,omitempty"` // the ID of who asked; empty if it is not known
	At     time.Time `json:"at"`
}

// AskedBy reports whether a person may be the one who asked: the name or an identity is the same.
func (a Approval) AskedBy(p Person) bool {
	for identity := range strings.SplitSeq(a.Person, "\n") {
		if identity != "" && slices.Contains(strings.Split(p.ID, "\n"), identity) {
			return true
		}
	}
	return samePerson(a.By, p.By())
}

// Waits reports whether there is an order that waits.
func (a Approval) Waits() bool { return !a.At.IsZero() }

// Until returns when the order lapses.
func (a Approval) Until() time.Time { return a.At.Add(approvalFor) }

// Agreed is what a second person has read of an order: when it was asked for, to the second, or how many pence it gives
// back. The zero value of one is not compared.
type Agreed struct {
	To    time.Time
	Pence int64
}

func (a Approval) is(read Agreed) bool {
	return (read.To.IsZero() || a.At.Unix() == read.To.Unix()) && (read.Pence == 0 || a.Amount == read.Pence)
}

// Second is what is known about the second person of an order that gives money back.
type Second struct {
	From   int64     // pence from which one is needed; 0: never
	Person Person    // who has agreed; the zero value: nobody yet
	To     time.Time // when what they agreed to was asked for
}

// checkSecond returns the journey after an order that gives back an amount, if that is allowed without a second person,
// or one has agreed. Then the order waits no more.
func (j Journey) checkSecond(amount int64, s Second, at time.Time) (Journey, error) {
	a := j.Approval
	switch {
	case s.Person == Person{} && s.From > 0 && amount > 0 && j.givenBack()+amount >= s.From:
		return j, ErrSecondPerson
	case s.Person == Person{}:
		return j, nil
	case !a.Waits() || !at.Before(a.Until()) || !a.At.Equal(s.To) || amount > a.Amount:
		return j, ErrNoApproval
	case a.AskedBy(s.Person):
		return j, ErrSamePerson
	}
	j.Approval = Approval{}
	return j, nil
}

// guarded applies an order that may need a second person. Nobody is asked about one that cannot be carried out.
func (j Journey) guarded(f Guarded, by By, at time.Time) (Journey, string, error) {
	if _, _, err := j.apply(f.Fact, by, at); err != nil {
		return j, "", err
	}
	checked, err := j.checkSecond(j.gives(f.Fact), f.Second, at)
	if err != nil {
		return j, "", err
	}
	next, detail, err := checked.apply(f.Fact, by, at)
	if err == nil && f.Second.Person != (Person{}) {
		detail += " (approved by " + f.Second.Person.Name + ")"
	}
	return next, detail, err
}

// gives returns the pence that an order gives back.
func (j Journey) gives(f Fact) int64 {
	switch f := f.(type) {
	case RefundAsked:
		return f.Amount
	case ReturnDecided:
		return j.held()
	case Settled:
		if f.As == StateReversed {
			return j.held()
		}
	}
	return 0
}

// held returns the pence that Pay holds of the citizen's money, or may hold.
func (j Journey) held() (pence int64) {
	for _, p := range j.Payments {
		if !p.Left {
			pence += p.Money
		}
	}
	if j.Trouble == TroubleMismatch { // what we remember of the money may be wrong
		pence = max(pence, j.Terms.Amount)
	}
	return pence
}

// givenBack returns the pence that staff have given back, here or in Pay's own tool, or may have: what Paygate gave
// back by itself does not count.
func (j Journey) givenBack() (pence int64) {
	for _, p := range j.Payments {
		automatic := int64(0)
		for _, r := range p.made() {
			if r.By != "" && !r.By.isStaff() {
				automatic += r.Amount
			}
		}
		pence += max(0, max(p.Refunded, sum(p.made()))-automatic)
	}
	return pence
}

// samePerson reports whether two names may be those of one person. It compares, without case, what is before an @ or
// +, and after the domain or issuer that some proxies put in front (CORP\ann, accounts.google.com:ann@example.org).
func samePerson(a, b By) bool {
	local := func(by By) string {
		text := by.person()
		text = text[strings.LastIndexAny(text, `:\/`)+1:]
		if end := strings.IndexAny(text, "@+"); end >= 0 {
			text = text[:end]
		}
		return strings.TrimSpace(text)
	}
	return strings.EqualFold(local(a), local(b))
}

// person returns the name of a member of staff.
func (b By) person() string { return strings.TrimPrefix(string(b), "staff:") }

func (j Journey) approvalAsked(f ApprovalAsked, by By, at time.Time) (Journey, string, error) {
	switch {
	case !by.isStaff():
		return j, "", &TransitionError{j.State, f.Name()}
	case j.Approval.Waits() && at.Before(j.Approval.Until()):
		return j, "", ErrApproval
	}
	if f.Order.What != OrderRefund {
		f.Order.Amount = j.held()
	}
	j.Approval = Approval{f.Order, by, f.Person, at}
	return j, fmt.Sprintf("%s of %s: %s", f.Order.What, Pounds(f.Order.Amount), f.Order.Reason), nil
}

func (j Journey) approvalEnded(f ApprovalEnded, by By, at time.Time) (Journey, string, error) {
	a := j.Approval
	if !a.Waits() {
		return j, "", ErrNoApproval
	}
	how := "rejected: " + f.Reason
	switch {
	case !at.Before(a.Until()):
		how = "lapsed: nobody agreed in time"
	case !by.isStaff(): // only a sweep ends it so, and only then
		return j, "", &TransitionError{j.State, f.Name()}
	case a.AskedBy(Person{by.person(), f.Person}):
		how = "withdrawn: " + f.Reason
	}
	j.Approval = Approval{}
	return j, fmt.Sprintf("%s of %s %s", a.What, Pounds(a.Amount), how), nil
}

// orderOrAsk carries out an order, or stores that it waits for a second person. The error is then ErrSecondPerson.
func (r *Runner) orderOrAsk(ctx context.Context, id ID, o Order, who Person) (Journey, error) {
	j, err := r.carryOut(ctx, id, o, who.By(), Second{From: r.SecondPersonFrom})
	if !errors.Is(err, ErrSecondPerson) {
		return j, err
	}
	if j, err = r.apply(ctx, id, ApprovalAsked{o, who.ID}, who.By(), Change{}); err == nil {
		err = ErrSecondPerson
	}
	return j, err
}

func (r *Runner) carryOut(ctx context.Context, id ID, o Order, by By, s Second) (Journey, error) {
	switch o.What {
	case OrderSettle:
		return r.settle(ctx, id, Settled{o.As, o.Reason}, by, s)
	case OrderReturn:
		return r.giveBackOrdered(ctx, id, ReturnDecided{o.Reason}, by, s)
	}
	return r.refundOrdered(ctx, id, RefundAsked{o.Amount, o.Reason}, by, s)
}

// Approve carries out the order that waits, if it is the one that the person has read, in the name of the person who
// asked. The order is checked again. Errors are ErrNoApproval, ErrOtherApproval, ErrSamePerson, and those of the order,
// which then still waits if nothing was done.
func (r *Runner) Approve(ctx context.Context, id ID, who Person, read Agreed) (Journey, error) {
	j, err := r.Store.Get(ctx, id)
	if err != nil {
		return j, err
	}
	a := j.Approval
	switch {
	case !a.Waits() || !r.Now().Before(a.Until()):
		return j, ErrNoApproval
	case !a.is(read):
		return j, ErrOtherApproval
	case a.AskedBy(who):
		return j, ErrSamePerson
	}
	return r.carryOut(ctx, id, a.Order, a.By, Second{Person: who, To: a.At})
}

// Reject ends the wait of an order. The person who asked withdraws it so.
func (r *Runner) Reject(ctx context.Context, id ID, who Person, reason string) (Journey, error) {
	return r.apply(ctx, id, ApprovalEnded{reason, who.ID}, who.By(), Change{})
}
