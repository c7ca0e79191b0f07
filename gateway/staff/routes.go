package staff

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"paygate/gateway/modes"
)

// routeModes shows and changes what the pay routes do.
type routeModes struct{ entrance }

// routeRecord is a route in JSON: what its setting says, and what it does.
type routeRecord struct {
	Route   string     `json:"route"`
	Setting modes.Mode `json:"setting"`
	Mode    modes.Mode `json:"mode"`

	Until     *time.Time `json:"until,omitempty"`
	Reason    string     `json:"reason,omitempty"`
	Message   string     `json:"message,omitempty"`
	MessageCY string     `json:"message_cy,omitempty"`
	By        string     `json:"by,omitempty"`
	At        *time.Time `json:"at,omitempty"`
}

func routeRecordOf(s modes.State) routeRecord {
	c := s.Change
	record := routeRecord{
		Route: s.Route, Setting: s.Setting.Mode, Mode: s.Now,
		Reason: c.Reason, Message: c.Message, MessageCY: c.MessageCY, By: c.By,
	}
	if s.IsChanged() {
		record.At = &c.At
	}
	if !c.Until.IsZero() {
		record.Until = &c.Until
	}
	return record
}

// show answers with all routes.
func (s routeModes) show(w http.ResponseWriter, r *http.Request, m member) {
	set := s.Modes.Current(r.Context())
	switch {
	case set.Err != nil:
		s.fail(w, r, set.Err)
	case wantsHTML(r):
		n, _ := s.gate.TakeNotice(w, r, m)
		s.page(w, m, http.StatusOK, set, routesView{Notice: n})
	default:
		all := []routeRecord{}
		for _, state := range set.States {
			all = append(all, routeRecordOf(state))
		}
		answerJSON(w, http.StatusOK, "application/json", map[string]any{"routes": all})
	}
}

// routeOrder is what a person orders about a route.
type routeOrder struct {
	Mode      modes.Mode `json:"mode"`
	Reason    string     `json:"reason"`
	Until     string     `json:"until"`
	Message   string     `json:"message"`
	MessageCY string     `json:"message_cy"`
	// Confirmed and Seen come from the page on which a person checks the order: Seen is how the route was then.
	Confirmed bool   `json:"-"`
	Seen      string `json:"-"`
}

// change changes what a route does. For people, that is after a page on which they check it.
func (s routeModes) change(w http.ResponseWriter, r *http.Request, m member) {
	o, wrong := routeOrderOf(r)
	if wrong != "" {
		s.problem(w, r, http.StatusUnprocessableEntity, wrong)
		return
	}
	c, faults, err := s.changeOf(r, o, m)
	switch {
	case err != nil:
		s.failChange(w, r, err)
	case wantsHTML(r):
		s.changeByPages(w, r, m, o, c, faults)
	case len(faults) > 0:
		s.problem(w, r, http.StatusUnprocessableEntity, faults[0].Says)
	default:
		now, err := s.carryOutChange(r, m, c, nil)
		if err != nil {
			s.failChange(w, r, err)
			return
		}
		answerJSON(w, http.StatusOK, "application/json", routeRecordOf(now))
	}
}

// changeOf returns the change that an order describes, and what is wrong with its fields.
func (s routeModes) changeOf(r *http.Request, o routeOrder, m member) (c modes.Change, faults []fault, err error) {
	until, untilErr := s.calendar.endOf(o.Until, lastDay(r))
	c, err = s.Modes.Check(r.PathValue("name"), modes.Change{
		Mode: o.Mode, Until: until, Reason: o.Reason, Message: o.Message, MessageCY: o.MessageCY, By: m.Name,
	})
	wrong, isWrong := errors.AsType[modes.WrongError](err)
	switch {
	case err != nil && !isWrong:
		return c, nil, err
	case untilErr != nil:
		faults = append(faults, fault{"until", "Until must be a date such as 2026-11-22 or a British time such as " +
			"2026-11-22T10:41."})
	case isWrong:
		faults = append(faults, fault{wrong.Field, sentence(wrong.Says)})
	}
	if says := wrongReason(o.Reason); says != "" {
		faults = append(faults, fault{"reason", says})
	}
	return c, faults, nil
}

// carryOutChange changes a route, if it is as the person has seen it.
func (s routeModes) carryOutChange(
	r *http.Request, m member, c modes.Change, isAsSeen func(modes.State) bool,
) (modes.State, error) {
	route := r.PathValue("name")
	now, err := s.Modes.Change(context.WithoutCancel(r.Context()), route, c, isAsSeen)
	s.Log.InfoContext(r.Context(), "staff order", "order", "route", "route", route, "mode", c.Mode, "by", m.By(),
		"done", err == nil)
	return now, err
}

func (s routeModes) failChange(w http.ResponseWriter, r *http.Request, err error) {
	if errors.Is(err, modes.ErrNoRoute) {
		s.problem(w, r, http.StatusNotFound, sentence(err.Error()))
		return
	}
	s.fail(w, r, err)
}

// routeOrderOf reads an order. If it cannot be read, wrong says why.
func routeOrderOf(r *http.Request) (o routeOrder, wrong string) {
	const fields = "mode, reason, until, message and message_cy"
	o, wrong = readOrder(r, fields, func(form url.Values) (routeOrder, string) {
		return routeOrder{
			modes.Mode(form.Get("mode")), form.Get("reason"), form.Get("until"), form.Get("message"),
			form.Get("message_cy"), form.Get("confirmed") == "yes", form.Get("seen"),
		}, ""
	})
	for _, text := range []*string{&o.Reason, &o.Until, &o.Message, &o.MessageCY} {
		*text = strings.TrimSpace(*text)
	}
	return o, wrong
}

// endOf reads an end, as a browser or a program writes it.
func (c calendar) endOf(text string, days int) (time.Time, error) {
	const byBrowser = "2006-01-02T15:04"
	if at, err := time.ParseInLocation(byBrowser, text, c.zone); err == nil {
		return at.UTC(), nil
	}
	return c.momentOf(text, days)
}

// unpaidRoutes returns the live routes whose requests pass without payment, for every page.
func (s *server) unpaidRoutes(ctx context.Context) []modes.State {
	if s.TestMode || s.Modes == nil {
		return nil
	}
	return s.Modes.Current(ctx).Unpaid()
}
