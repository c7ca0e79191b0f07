package staff

import (
	"fmt"
	"net/http"
	"net/url"
	"time"

	"paygate/gateway/modes"
)

// isChecked reports whether a person has checked a change of a route that is still as they saw it. If not, it answers.
func (s routeModes) isChecked(w http.ResponseWriter, r *http.Request, m member, o routeOrder, c modes.Change) bool {
	route, set := r.PathValue("name"), s.Modes.Current(r.Context())
	if set.Err != nil {
		s.fail(w, r, set.Err)
		return false
	}
	now := set.Of(route)
	switch _, err := s.Modes.Check(route, c); {
	case err != nil:
		s.answerChange(w, r, now, err)
	case !o.Confirmed:
		setResult(w, resultChecked)
		s.render(w, http.StatusOK, "confirm", "Check: Change "+route, m, s.confirmViewOf(now, o, c))
	case o.Seen != versionOfRoute(now):
		s.problem(w, r, http.StatusConflict, "Nothing was done now: the route has changed since you looked. "+
			"Perhaps you pressed twice, or somebody else was faster. Look at Routes.")
	default:
		return true
	}
	return false
}

// versionOfRoute changes with everything that a route does.
func versionOfRoute(s modes.State) string { return fmt.Sprintf("%s-%d", s.Now, s.Change.At.UnixNano()) }

func (s routeModes) confirmViewOf(now modes.State, o routeOrder, c modes.Change) confirmView {
	v := confirmView{
		Back: "/routes", BackTo: "the routes", Section: "routes", Says: routePlan(now.Route, c.Mode), May: true,
		Action: "/routes/" + now.Route, Button: "Change " + now.Route,
		Rows: []confirmRow{
			{"Now", string(now.Now)},
			{"From now on", string(c.Mode)},
			{"Until", s.untilWord(c.Until)},
			{"Reason", c.Reason},
			{"Message", c.Message},
			{"Message in Welsh", c.MessageCY},
		},
		Fields: confirmed(url.Values{
			"seen": {versionOfRoute(now)}, "mode": {string(o.Mode)}, "until": {o.Until}, "reason": {o.Reason},
			"message": {o.Message}, "message_cy": {o.MessageCY},
		}),
	}
	if c.Mode.TakesNothing() {
		v.Warning = "Citizens get the service without paying."
	}
	return v
}

// untilWord says when a change ends.
func (s routeModes) untilWord(until time.Time) string {
	if until.IsZero() {
		return ""
	}
	return until.In(s.calendar.zone).Format("2 January 2006, 15:04")
}

// routePlan says what a change of a route does.
func routePlan(route string, mode modes.Mode) string {
	switch {
	case mode.TakesNothing():
		return "You are about to let requests to " + route + " pass without payment."
	case mode == modes.Closed:
		return "You are about to close " + route + "."
	default:
		return "You are about to have " + route + " take payments."
	}
}
