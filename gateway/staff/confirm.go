package staff

import "net/url"

// confirmView is the data of the page on which a person checks an order.
type confirmView struct {
	Back, BackTo string // where Cancel leads: an address, and its name
	Section      string // the page of the navigation to which it belongs
	Caption      string
	Title        string // if the order cannot be carried out
	Says         string // what is about to happen
	Warning      string
	Rows         []confirmRow
	Action       string // the address that carries out the order
	Fields       url.Values
	Button       string
	May          bool // it can be done at present, as far as is known
	Meaning      string
}

// confirmRow is one thing to check.
type confirmRow struct{ Name, Value string }

const noUndo = "You cannot undo this."

// confirmed returns the fields of an order as the page sends them on.
func confirmed(fields url.Values) url.Values {
	fields.Set("confirmed", "yes")
	return fields
}
