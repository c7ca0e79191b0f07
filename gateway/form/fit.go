package form

// Fit is how a request fits a condition.
type Fit int

const (
	Unmet   Fit = iota // no service reads what meets it
	Unclear            // some service may read what meets it
	Met
)
