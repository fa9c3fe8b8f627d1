package main

import "slices"

// rows are those of the requests experiment, and rpcRows those of rpcs.
func rows() []row {
	return slices.Concat(netHTTPRows(), ginRows(), chiRows(), echoRows(), echoV4Rows(), fiberRows(), fiberV2Rows(),
		fastHTTPRows(), hertzRows())
}

func rpcRows() []row { return slices.Concat(grpcRows(), connectRows(), connectV1Rows()) }
