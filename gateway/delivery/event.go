package delivery

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"

	"paygate/gateway/signature"
	"paygate/journey"
)

var _ journey.Messenger = (*Deliverer)(nil)

// Send tells the service what happened to a payment later, at the path that the journey's terms name. Any answer but a
// 2xx is an error. No error contains anything that the service sent.
func (d *Deliverer) Send(ctx context.Context, j journey.Journey, m journey.Message) error {
	ctx, cancel := context.WithTimeout(ctx, d.Timeout)
	defer cancel()
	request, err := d.eventRequest(ctx, j, m)
	if err != nil {
		return err
	}
	wire := &wire{}
	answer, err := d.transport(wire).RoundTrip(request)
	if err != nil {
		return errors.New(failed(err, wire).Detail)
	}
	_ = answer.Body.Close()
	if answer.StatusCode/100 != 2 {
		return fmt.Errorf("the service answered %d", answer.StatusCode)
	}
	return nil
}

func (d *Deliverer) eventRequest(ctx context.Context, j journey.Journey, m journey.Message) (*http.Request, error) {
	target, err := targetURL(d.Upstream, j.Terms.Tell, "")
	if err != nil {
		return nil, err
	}
	header, body, err := d.Signer().Event(eventOf(j, m))
	if err != nil {
		return nil, err
	}
	public := d.Origins.Main()
	if back, err := url.Parse(j.Terms.ReturnURL); err == nil {
		public = d.Origins.FindOrMain(back.Host)
	}
	header.Set("Content-Type", "application/json")
	header.Set("User-Agent", "Paygate")
	header.Set("X-Forwarded-Host", public.Host)
	header.Set("X-Forwarded-Proto", public.Scheme)
	return (&http.Request{
		Method: http.MethodPost, URL: target, Host: cmp.Or(d.Host, public.Host), Header: header,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		// Not a type that net/http can rewind: it would repeat the request by itself.
		Body: io.NopCloser(bytes.NewReader(body)), ContentLength: int64(len(body)),
	}).WithContext(ctx), nil
}

// eventOf describes a message about the payment that it names, as the release described it.
func eventOf(j journey.Journey, m journey.Message) (signature.Release, signature.Event) {
	j.PaidWith = m.PaymentID
	r := releaseOf(j, "event", http.MethodPost, j.Terms.Tell, "")
	r.Attempt = m.Failures + 1
	return r, signature.Event{
		ID: m.ID, What: m.What, Amount: m.Amount, RefundedTotal: m.RefundedTotal, At: m.At,
	}
}
