package command

import (
	"context"
	"fmt"

	"paygate/journey/seal"
)

// keys prints fresh secrets, ready to be pasted into the settings.
func keys(_ context.Context, w Env, args []string) error {
	if _, err := w.flags("keys", "", args, 0, nil); err != nil {
		return err
	}
	fmt.Fprintf(w.Stdout, "# To change PAYGATE_SECRETS later, put the new one in front: new,old. What the old one sealed stays readable.\n")
	fmt.Fprintf(w.Stdout, "# With several replicas give all of them old,new first, or they cannot read what one of them seals with the new one.\n")
	fmt.Fprintf(w.Stdout, "PAYGATE_SECRETS=%s\n", seal.NewSecret())
	fmt.Fprintf(w.Stdout, "PAYGATE_STAFF_TOKENS=admin:%s\n", seal.NewSecret())
	return nil
}
