package client

import (
	"errors"
	"slices"
	"testing"
	"time"
)

// A zero value becomes its default; what was set stays.
func TestOptionsAreFilled(t *testing.T) {
	var zero Options
	zero.fill()
	if zero.NetworkDelay != defaultNetworkDelay || zero.Silence != defaultSilence || zero.MinBackoff != defaultMinBackoff ||
		zero.MaxBackoff != defaultMaxBackoff || zero.MaxResponse != defaultMaxResponse || !slices.Equal(zero.ConnectionTypes, []string{longPollingType}) {
		t.Errorf("%+v", zero)
	}
	zero.OnError(nil) // nobody wants to know
	told := 0
	set := Options{
		NetworkDelay: 1, Silence: 2, MinBackoff: 3, MaxBackoff: 4, MaxResponse: 5, ConnectionTypes: []string{"x"},
		OnError: func(error) { told++ },
	}
	set.fill()
	if set.NetworkDelay != 1 || set.Silence != 2 || set.MinBackoff != 3 || set.MaxBackoff != 4 || set.MaxResponse != 5 || !slices.Equal(set.ConnectionTypes, []string{"x"}) {
		t.Errorf("%+v", set)
	}
	if set.OnError(errors.New("x")); told != 1 {
		t.Error("errors are told to nobody")
	}
	slow := Options{MinBackoff: time.Hour}
	if slow.fill(); slow.MaxBackoff != time.Hour {
		t.Errorf("waits of at least an hour end at %v", slow.MaxBackoff)
	}
}
