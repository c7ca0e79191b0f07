package app

import (
	"time"

	"paygate/gateway/config"
	"paygate/gateway/notify"
	"paygate/journey"
	"paygate/journey/seal"
)

// messengers returns what sends messages to each recipient that the settings name.
func (a *App) messengers(
	service journey.Messenger, s config.Settings, sealer *seal.Sealer, now func() time.Time,
) messengers {
	all := messengers{journey.ToService: service}
	if s.NotifyKey != nil {
		all[journey.ToCitizen] = notify.Emails{EmailOptions: notify.EmailOptions{
			Client: notify.NewClient(notify.Options{URL: s.NotifyURL, Key: *s.NotifyKey, Now: now}),
			Marks:  a.store, MarkKey: sealer.Derive("marks of e-mails", 32), Now: now,
			Templates: map[string]notify.Bilingual[notify.Template]{
				journey.WhatDelivered: {English: s.NotifyDelivered, Welsh: s.NotifyDeliveredCY},
				journey.WhatReturned:  {English: s.NotifyReturned, Welsh: s.NotifyReturnedCY},
				journey.WhatRefunded:  {English: s.NotifyRefunded, Welsh: s.NotifyRefundedCY},
			},
			Service:      notify.Bilingual[string]{English: s.ServiceName, Welsh: s.ServiceNameCY},
			Contact:      notify.Bilingual[string]{English: s.Contact, Welsh: s.ContactCY},
			Descriptions: descriptions(s),
		}}
	}
	return all
}

// descriptions returns what the citizens of each route pay for.
func descriptions(s config.Settings) map[string]notify.Bilingual[string] {
	all := map[string]notify.Bilingual[string]{}
	for _, r := range s.Routes {
		all[r.Name] = notify.Bilingual[string]{English: r.Description, Welsh: r.DescriptionCY}
	}
	return all
}
