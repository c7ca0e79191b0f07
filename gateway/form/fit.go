package form

// Fit is how a request fits a condition.
type Fit int

const (
	Unmet   Fit = iota // no service reads it as meeting the condition
	Unclear            // some service may
	Met
)
