-- expect: load_error
-- More than a function can close over.
local function a()
  local v0 = 0
  local v1 = 1
  local v2 = 2
  local v3 = 3
  local v4 = 4
  local v5 = 5
  local v6 = 6
  local v7 = 7
  local v8 = 8
  local v9 = 9
  local v10 = 10
  local v11 = 11
  local v12 = 12
  local v13 = 13
  local v14 = 14
  local v15 = 15
  local v16 = 16
  local v17 = 17
  local v18 = 18
  local v19 = 19
  local v20 = 20
  local v21 = 21
  local v22 = 22
  local v23 = 23
  local v24 = 24
  local v25 = 25
  local v26 = 26
  local v27 = 27
  local v28 = 28
  local v29 = 29
  local v30 = 30
  local v31 = 31
  local v32 = 32
  local v33 = 33
  local v34 = 34
  local v35 = 35
  local v36 = 36
  local v37 = 37
  local v38 = 38
  local v39 = 39
  local v40 = 40
  local v41 = 41
  local v42 = 42
  local v43 = 43
  local v44 = 44
  local v45 = 45
  local v46 = 46
  local v47 = 47
  local v48 = 48
  local v49 = 49
  local v50 = 50
  local v51 = 51
  local v52 = 52
  local v53 = 53
  local v54 = 54
  local v55 = 55
  local v56 = 56
  local v57 = 57
  local v58 = 58
  local v59 = 59
  local v60 = 60
  local v61 = 61
  local v62 = 62
  local v63 = 63
  local v64 = 64
  local v65 = 65
  local v66 = 66
  local v67 = 67
  local v68 = 68
  local v69 = 69
  local v70 = 70
  local v71 = 71
  local v72 = 72
  local v73 = 73
  local v74 = 74
  local v75 = 75
  local v76 = 76
  local v77 = 77
  local v78 = 78
  local v79 = 79
  local v80 = 80
  local v81 = 81
  local v82 = 82
  local v83 = 83
  local v84 = 84
  local v85 = 85
  local v86 = 86
  local v87 = 87
  local v88 = 88
  local v89 = 89
  local v90 = 90
  local v91 = 91
  local v92 = 92
  local v93 = 93
  local v94 = 94
  local v95 = 95
  local v96 = 96
  local v97 = 97
  local v98 = 98
  local v99 = 99
  local v100 = 100
  local v101 = 101
  local v102 = 102
  local v103 = 103
  local v104 = 104
  local v105 = 105
  local v106 = 106
  local v107 = 107
  local v108 = 108
  local v109 = 109
  local v110 = 110
  local v111 = 111
  local v112 = 112
  local v113 = 113
  local v114 = 114
  local v115 = 115
  local v116 = 116
  local v117 = 117
  local v118 = 118
  local v119 = 119
  local v120 = 120
  local v121 = 121
  local v122 = 122
  local v123 = 123
  local v124 = 124
  local v125 = 125
  local v126 = 126
  local v127 = 127
  local v128 = 128
  local v129 = 129
  local v130 = 130
  local v131 = 131
  local v132 = 132
  local v133 = 133
  local v134 = 134
  local v135 = 135
  local v136 = 136
  local v137 = 137
  local v138 = 138
  local v139 = 139
  local v140 = 140
  local v141 = 141
  local v142 = 142
  local v143 = 143
  local v144 = 144
  local v145 = 145
  local v146 = 146
  local v147 = 147
  local v148 = 148
  local v149 = 149
  return function()
    local w0 = 0
    local w1 = 1
    local w2 = 2
    local w3 = 3
    local w4 = 4
    local w5 = 5
    local w6 = 6
    local w7 = 7
    local w8 = 8
    local w9 = 9
    local w10 = 10
    local w11 = 11
    local w12 = 12
    local w13 = 13
    local w14 = 14
    local w15 = 15
    local w16 = 16
    local w17 = 17
    local w18 = 18
    local w19 = 19
    local w20 = 20
    local w21 = 21
    local w22 = 22
    local w23 = 23
    local w24 = 24
    local w25 = 25
    local w26 = 26
    local w27 = 27
    local w28 = 28
    local w29 = 29
    local w30 = 30
    local w31 = 31
    local w32 = 32
    local w33 = 33
    local w34 = 34
    local w35 = 35
    local w36 = 36
    local w37 = 37
    local w38 = 38
    local w39 = 39
    local w40 = 40
    local w41 = 41
    local w42 = 42
    local w43 = 43
    local w44 = 44
    local w45 = 45
    local w46 = 46
    local w47 = 47
    local w48 = 48
    local w49 = 49
    local w50 = 50
    local w51 = 51
    local w52 = 52
    local w53 = 53
    local w54 = 54
    local w55 = 55
    local w56 = 56
    local w57 = 57
    local w58 = 58
    local w59 = 59
    local w60 = 60
    local w61 = 61
    local w62 = 62
    local w63 = 63
    local w64 = 64
    local w65 = 65
    local w66 = 66
    local w67 = 67
    local w68 = 68
    local w69 = 69
    local w70 = 70
    local w71 = 71
    local w72 = 72
    local w73 = 73
    local w74 = 74
    local w75 = 75
    local w76 = 76
    local w77 = 77
    local w78 = 78
    local w79 = 79
    local w80 = 80
    local w81 = 81
    local w82 = 82
    local w83 = 83
    local w84 = 84
    local w85 = 85
    local w86 = 86
    local w87 = 87
    local w88 = 88
    local w89 = 89
    local w90 = 90
    local w91 = 91
    local w92 = 92
    local w93 = 93
    local w94 = 94
    local w95 = 95
    local w96 = 96
    local w97 = 97
    local w98 = 98
    local w99 = 99
    local w100 = 100
    local w101 = 101
    local w102 = 102
    local w103 = 103
    local w104 = 104
    local w105 = 105
    local w106 = 106
    local w107 = 107
    local w108 = 108
    local w109 = 109
    local w110 = 110
    local w111 = 111
    local w112 = 112
    local w113 = 113
    local w114 = 114
    local w115 = 115
    local w116 = 116
    local w117 = 117
    local w118 = 118
    local w119 = 119
    local w120 = 120
    local w121 = 121
    local w122 = 122
    local w123 = 123
    local w124 = 124
    local w125 = 125
    local w126 = 126
    local w127 = 127
    local w128 = 128
    local w129 = 129
    local w130 = 130
    local w131 = 131
    local w132 = 132
    local w133 = 133
    local w134 = 134
    local w135 = 135
    local w136 = 136
    local w137 = 137
    local w138 = 138
    local w139 = 139
    local w140 = 140
    local w141 = 141
    local w142 = 142
    local w143 = 143
    local w144 = 144
    local w145 = 145
    local w146 = 146
    local w147 = 147
    local w148 = 148
    local w149 = 149
    return function()
      return v0 +
v1 +
v2 +
v3 +
v4 +
v5 +
v6 +
v7 +
v8 +
v9 +
v10 +
v11 +
v12 +
v13 +
v14 +
v15 +
v16 +
v17 +
v18 +
v19 +
v20 +
v21 +
v22 +
v23 +
v24 +
v25 +
v26 +
v27 +
v28 +
v29 +
v30 +
v31 +
v32 +
v33 +
v34 +
v35 +
v36 +
v37 +
v38 +
v39 +
v40 +
v41 +
v42 +
v43 +
v44 +
v45 +
v46 +
v47 +
v48 +
v49 +
v50 +
v51 +
v52 +
v53 +
v54 +
v55 +
v56 +
v57 +
v58 +
v59 +
v60 +
v61 +
v62 +
v63 +
v64 +
v65 +
v66 +
v67 +
v68 +
v69 +
v70 +
v71 +
v72 +
v73 +
v74 +
v75 +
v76 +
v77 +
v78 +
v79 +
v80 +
v81 +
v82 +
v83 +
v84 +
v85 +
v86 +
v87 +
v88 +
v89 +
v90 +
v91 +
v92 +
v93 +
v94 +
v95 +
v96 +
v97 +
v98 +
v99 +
v100 +
v101 +
v102 +
v103 +
v104 +
v105 +
v106 +
v107 +
v108 +
v109 +
v110 +
v111 +
v112 +
v113 +
v114 +
v115 +
v116 +
v117 +
v118 +
v119 +
v120 +
v121 +
v122 +
v123 +
v124 +
v125 +
v126 +
v127 +
v128 +
v129 +
v130 +
v131 +
v132 +
v133 +
v134 +
v135 +
v136 +
v137 +
v138 +
v139 +
v140 +
v141 +
v142 +
v143 +
v144 +
v145 +
v146 +
v147 +
v148 +
v149 +
w0 +
w1 +
w2 +
w3 +
w4 +
w5 +
w6 +
w7 +
w8 +
w9 +
w10 +
w11 +
w12 +
w13 +
w14 +
w15 +
w16 +
w17 +
w18 +
w19 +
w20 +
w21 +
w22 +
w23 +
w24 +
w25 +
w26 +
w27 +
w28 +
w29 +
w30 +
w31 +
w32 +
w33 +
w34 +
w35 +
w36 +
w37 +
w38 +
w39 +
w40 +
w41 +
w42 +
w43 +
w44 +
w45 +
w46 +
w47 +
w48 +
w49 +
w50 +
w51 +
w52 +
w53 +
w54 +
w55 +
w56 +
w57 +
w58 +
w59 +
w60 +
w61 +
w62 +
w63 +
w64 +
w65 +
w66 +
w67 +
w68 +
w69 +
w70 +
w71 +
w72 +
w73 +
w74 +
w75 +
w76 +
w77 +
w78 +
w79 +
w80 +
w81 +
w82 +
w83 +
w84 +
w85 +
w86 +
w87 +
w88 +
w89 +
w90 +
w91 +
w92 +
w93 +
w94 +
w95 +
w96 +
w97 +
w98 +
w99 +
w100 +
w101 +
w102 +
w103 +
w104 +
w105 +
w106 +
w107 +
w108 +
w109 +
w110 +
w111 +
w112 +
w113 +
w114 +
w115 +
w116 +
w117 +
w118 +
w119 +
w120 +
w121 +
w122 +
w123 +
w124 +
w125 +
w126 +
w127 +
w128 +
w129 +
w130 +
w131 +
w132 +
w133 +
w134 +
w135 +
w136 +
w137 +
w138 +
w139 +
w140 +
w141 +
w142 +
w143 +
w144 +
w145 +
w146 +
w147 +
w148 +
w149
    end
  end
end
return a
