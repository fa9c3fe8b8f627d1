package engine_test

import (
	"testing"

	"github.com/tacho-go/tacho/adapter/adaptertest"
)

func TestConformance(t *testing.T) { adaptertest.Run(t, adaptertest.NetHTTP()) }
