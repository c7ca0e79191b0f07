package staff

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"paygate/gateway/modes"
	"paygate/gateway/signin"
)

// routesView is the data of the page of routes.
type routesView struct {
	Routes []routeView
	Modes  []modes.Mode
	Notice signin.Notice
	Wrong  string // the route whose form has faults
	Typed  routeOrder
	Faults []fault
}

// routeView is a route with what its form shows.
type routeView struct {
	routeRecord
	Typed  routeOrder
	Faults []fault
}

// Problems are the lines of the error summary.
func (v routeView) Problems() []fault { return led(v.Faults, v.idOf) }

func (v routeView) idOf(field string) string { return field + "-" + v.Route }

func (v routeView) input(name, kind, label, hint, value string) inputView {
	return inputView{v.idOf(name), name, kind, label, hint, value, saysOf(v.Faults, name)}
}

// ModeInput chooses the mode.
func (v routeView) ModeInput() inputView {
	return v.input("mode", "", "Mode", "on takes payments. closed shows a page that says so. free lets requests pass "+
		"without payment. shadow does too, and counts what would have been held.", string(v.Typed.Mode))
}

// Inputs are the further inputs of the form.
func (v routeView) Inputs() []inputView {
	return []inputView{
		v.input("until", "datetime-local", "Until", "free and shadow need it, at most 7 days ahead.", v.Typed.Until),
		v.input("reason", "", "Reason, for staff", "", v.Typed.Reason),
		v.input("message", "", "Message for citizens, while the route is closed", "", v.Typed.Message),
		v.input("message_cy", "", "The message in Welsh", "", v.Typed.MessageCY),
	}
}

// page shows all routes.
func (s routeModes) page(w http.ResponseWriter, m member, status int, set *modes.Set, v routesView) {
	v.Modes = modes.All()
	for _, state := range set.States {
		route := routeView{routeRecord: routeRecordOf(state), Typed: routeOrder{Mode: state.Now}}
		if state.Route == v.Wrong {
			route.Typed, route.Faults = v.Typed, v.Faults
		}
		v.Routes = append(v.Routes, route)
	}
	s.render(w, status, "routes", titleOf("Routes", v.Faults), m, v)
}

// changeByPages shows what is wrong with a change, or shows it to be checked, or carries it out.
func (s routeModes) changeByPages(
	w http.ResponseWriter, r *http.Request, m member, o routeOrder, c modes.Change, faults []fault,
) {
	route, set := r.PathValue("name"), s.Modes.Current(r.Context())
	now := set.Of(route)
	switch {
	case set.Err != nil:
		s.fail(w, r, set.Err)
	case len(faults) > 0:
		s.page(w, m, http.StatusUnprocessableEntity, set, routesView{Wrong: route, Typed: o, Faults: faults})
	case !o.Confirmed:
		setResult(w, resultChecked)
		s.render(w, http.StatusOK, "confirm", "Check: Change "+route, m, s.confirmViewOf(now, o, c))
	default:
		s.changeOnce(w, r, m, o, c)
	}
}

// changeOnce changes a route that is still as the person saw it, and says so on the page of the routes.
func (s routeModes) changeOnce(w http.ResponseWriter, r *http.Request, m member, o routeOrder, c modes.Change) {
	now, err := s.carryOutChange(r, m, c, func(now modes.State) bool { return versionOfRoute(now) == o.Seen })
	switch {
	case errors.Is(err, modes.ErrMeanwhile):
		n := signin.Notice{Text: "Nothing was done now: the route has changed since you looked. " +
			"Perhaps you pressed twice, or somebody else was faster. What it does is below."}
		s.page(w, m, http.StatusConflict, s.Modes.Current(r.Context()), routesView{Notice: n})
	case err != nil:
		s.failChange(w, r, err)
	default:
		n := signin.Notice{About: "/routes", Done: true}
		n.Text = "The mode of " + now.Route + " is now " + string(now.Now) + "."
		s.gate.KeepNotice(w, r, m, n)
		http.Redirect(w, r, "/routes", http.StatusSeeOther)
	}
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
